"""What touches the world? One outside system a file."""
