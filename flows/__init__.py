"""In which order? Flows that read as a paragraph, and the command line on top."""
