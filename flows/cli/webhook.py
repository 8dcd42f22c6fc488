"""`standings webhook`: take a hub's word that a model was released."""

from typing import Annotated

import typer

from flows.cli import context, options
from flows.cli.output import say

group = typer.Typer(no_args_is_help=True, help="Take a hub's word that a model was released.")


@group.command("up", epilog="Example: standings webhook up --port 8787")
def up(
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, metavar="N", help="Port; 0: a free one.")] = 8787,
    home: options.Home = None,
) -> None:
    """Receive a hub's webhooks at /webhooks/hub until Ctrl-C.

    Asks the hub for the model that one names, decides on it as the poll does, and announces it where a Prefect server
    is named. Needs STANDINGS_WEBHOOK_SECRET. Listens on loopback: a proxy with TLS goes before it.
    """
    import os

    import uvicorn

    from standings.webhook import require_secret

    settings = context.settings(home)
    require_secret(settings.webhook_secret.get_secret_value() if settings.webhook_secret else "")
    os.environ["STANDINGS_HOME"] = str(settings.home)  # uvicorn makes the application from the environment
    say(f"Webhooks are received at /webhooks/hub on {host}, port {port or 'below'}. Ctrl-C stops it.")
    # Named by a string, as flows and web import each other nowhere. A secret in an address would be in an access log.
    uvicorn.run("web.webhooks:receiver", factory=True, host=host, port=port, access_log=False, server_header=False)
