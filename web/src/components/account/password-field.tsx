/** A password: hidden until its person wants to see it. */
import { useState } from "preact/hooks";
import { words } from "~/i18n";
import { IconButton } from "~/components/button";
import { TextField } from "~/components/fields";
import "./password-field.css";

const t = words({
  en: { show: "Show what is typed", hide: "Hide what is typed", rule: "At least 10 characters, and none of those that are guessed first." },
  de: { show: "Eingabe anzeigen", hide: "Eingabe verbergen", rule: "Mindestens 10 Zeichen, und keines von denen, die zuerst geraten werden." },
});

export function PasswordField({ label, value, onInput, isNew, error, autoFocus }: {
  label: string;
  value: string;
  onInput: (value: string) => void;
  /** One that is set here: the browser may propose it, and its rule is shown. */
  isNew?: boolean;
  error?: string | undefined;
  autoFocus?: boolean;
}) {
  const [shown, setShown] = useState(false);
  return (
    <div class="password-field">
      <TextField
        label={label}
        type={shown ? "text" : "password"}
        value={value}
        onInput={onInput}
        autoComplete={isNew ? "new-password" : "current-password"}
        hint={isNew ? t("rule") : undefined}
        error={error}
        minLength={isNew ? 10 : undefined}
        maxLength={256}
        spellcheck={false}
        autoFocus={autoFocus}
        required
      />
      <IconButton small label={shown ? t("hide") : t("show")} icon="eye" aria-pressed={shown} onClick={() => setShown(!shown)} />
    </div>
  );
}
