"""The ways in which a command is refused, each with the lines it prints and its exit code."""

HELP_URL = "https://www.lean.io/docs/v2/lean-cli/key-concepts/troubleshooting#02-Common-Errors"
USAGE = {
    "": "lean [OPTIONS] [COMMAND] [ARGS]...",
    "optimize": "lean optimize [OPTIONS] PROJECT",
    "backtest": "lean backtest [OPTIONS] PROJECT",
}


class CliError(Exception):
    """An error which the real CLI reports on its stdout, with exit code 1."""

    def __init__(self, message: str, link: str = "") -> None:
        """Keep the message and the page it refers to."""
        super().__init__(message)
        self.link = link

    def text(self) -> str:
        """Return what the CLI prints."""
        text = f"Error: {self}"
        return f"{text}\nVisit {self.link} for more information" if self.link else text


class UsageError(CliError):
    """Arguments which the real CLI does not take."""

    def __init__(self, command: str, message: str) -> None:
        """Keep the command whose usage is shown."""
        super().__init__(message)
        self.command = command

    def text(self) -> str:
        """Return what the CLI prints."""
        program = f"lean {self.command}".strip()
        return (
            f"Usage: {USAGE[self.command]}\n\n"
            f"Try '{program} --help' for help or go to the following url for a list of common errors:\n"
            f"{HELP_URL}\n\nError: {self}"
        )


class ReplayError(Exception):
    """A request which the recording cannot answer; never a message of the real CLI."""

    exit_code = 64


class WouldPromptError(ReplayError):
    """A request on which the real CLI would ask questions."""

    exit_code = 1
