"""Say things to people the same way on a terminal and in a server's log."""


def counted(number: int, word: str) -> str:
    """Write a number with its word: 1 job, 2 jobs."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
