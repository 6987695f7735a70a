/** A text to take elsewhere: an address, a secret, a line of code. */
import { useState } from "preact/hooks";
import { common } from "~/i18n/common";
import { Button } from "./button";

export function CopyField({ label, value, multiline }: { label: string; value: string; multiline?: boolean }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div class="copy-field">
      {multiline ? (
        <textarea readOnly aria-label={label} rows={3} value={value} onFocus={(event) => event.currentTarget.select()} />
      ) : (
        <input readOnly aria-label={label} value={value} onFocus={(event) => event.currentTarget.select()} />
      )}
      <Button icon={copied ? "check" : "copy"} onClick={copy}>{copied ? common("copied") : common("copy")}</Button>
    </div>
  );
}
