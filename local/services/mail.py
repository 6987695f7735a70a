"""The mail catcher: mails of this stack are kept as files, and go nowhere."""

from __future__ import annotations

import sys
from functools import partial

from local.services.readiness import knock
from local.services.service import Part, Setting


def smtp_url(setting: Setting) -> str:
    """Where mails are sent to."""
    return f"smtp+plain://127.0.0.1:{setting.port('mail')}"


def mail_part(setting: Setting) -> Part:
    """The program that keeps mails in the folder of ``Layout.mails``."""
    port, folder = setting.port("mail"), setting.layout.mails
    command = (sys.executable, "-m", "local.standins.mail", "--data", str(folder), "--port", str(port))
    return Part(
        name="mail",
        argv=command,
        env=dict(setting.environ),
        tier="store",
        port=port,
        probe=partial(knock, port),
        alive=partial(knock, port),
        stop_timeout_s=5.0,
    )
