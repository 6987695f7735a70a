/** Lines of code or JSON to read and to copy. */
import { useState } from "preact/hooks";
import { IconButton } from "~/components/button";
import { common } from "~/i18n/common";

export function Code({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div class="code">
      <pre tabIndex={0} role="region" aria-label={label}><code>{text}</code></pre>
      <IconButton small label={copied ? common("copied") : `${common("copy")}: ${label}`} icon={copied ? "check" : "copy"} onClick={copy} />
    </div>
  );
}
