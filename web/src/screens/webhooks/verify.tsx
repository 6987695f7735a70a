/** How a receiver verifies messages; the code is that of docs/webhooks.md. */
import { Card } from "~/components/page";
import { Code } from "./code";
import { t } from "./messages";

const PYTHON = `from standardwebhooks.webhooks import Webhook


def read(secret: str, body: bytes, headers: dict[str, str]) -> dict:
    return Webhook(secret).verify(body, headers)  # raises WebhookVerificationError; gives the parsed body`;

const TYPESCRIPT = `import { Webhook } from "standardwebhooks";
export const read = (secret: string, body: string, headers: Record<string, string>) =>
  new Webhook(secret).verify(body, headers); // throws WebhookVerificationError; gives the parsed body`;

const PUBLIC_KEY = `import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def check(public_key: str, body: bytes, headers: dict[str, str]) -> None:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    signature = next(one for one in headers["webhook-signature"].split() if one.startswith("v1a,"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key.verify(base64.b64decode(signature.removeprefix("v1a,")), signed)  # raises InvalidSignature`;

const WAYS = [
  { title: "verifyPython", install: "pip install standardwebhooks", code: PYTHON },
  { title: "verifyTypeScript", install: "npm install standardwebhooks", code: TYPESCRIPT },
  { title: "verifyKey", install: "pip install cryptography", code: PUBLIC_KEY },
] as const;

export function Verify() {
  return (
    <>
      <p>{t("verifyText")}</p>
      {WAYS.map((way) => (
        <Card key={way.title} title={t(way.title)}>
          <Code label={`${t(way.title)}: ${t("install")}`} text={way.install} />
          <Code label={t(way.title)} text={way.code} />
        </Card>
      ))}
      <Card title={t("answerTitle")}><p>{t("answerText")}</p></Card>
    </>
  );
}
