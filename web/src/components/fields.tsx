/** Fields of forms: a label that is always seen, a hint below it, an error in words that is read aloud. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  error?: string | null | undefined;
}

function useField({ hint, error }: FieldProps) {
  const id = useId();
  const describedBy = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;
  return { id, describedBy };
}

function Frame({ id, label, hint, error, children }: FieldProps & { id: string; children: ComponentChildren }) {
  return (
    <div class={`field${error ? " wrong" : ""}`}>
      <label for={id}>{label}</label>
      {children}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p class="error" id={`${id}-error`} role="alert">{error}</p>}
    </div>
  );
}

interface Typed {
  type?: "text" | "email" | "password" | "url" | "number" | "search" | "date" | "datetime-local" | "time";
  autoComplete?: string;
  autoFocus?: boolean;
  required?: boolean;
  disabled?: boolean;
  placeholder?: string;
  minLength?: number;
  maxLength?: number;
  min?: number | string;
  max?: number | string;
  step?: number | "any";
  rows?: number;
  inputMode?: "numeric" | "decimal" | "email" | "url";
  spellcheck?: boolean;
  onBlur?: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}

export function TextField({ label, hint, error, value, onInput, ...rest }: FieldProps & Typed & {
  value: string;
  onInput: (value: string) => void;
}) {
  const { id, describedBy } = useField({ label, hint, error });
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <input
        {...(rest as object)}
        id={id}
        value={value}
        aria-describedby={describedBy}
        aria-invalid={error ? true : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </Frame>
  );
}

export function TextArea({ label, hint, error, value, onInput, ...rest }: FieldProps & Omit<Typed, "type"> & {
  value: string;
  onInput: (value: string) => void;
}) {
  const { id, describedBy } = useField({ label, hint, error });
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <textarea
        rows={4}
        {...(rest as object)}
        id={id}
        value={value}
        aria-describedby={describedBy}
        aria-invalid={error ? true : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </Frame>
  );
}

export interface Choice<T extends string = string> {
  value: T;
  label: string;
  disabled?: boolean;
}

export function Select<T extends string>({ label, hint, error, value, choices, onChange, disabled }: FieldProps & {
  value: T;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
  disabled?: boolean;
}) {
  const { id, describedBy } = useField({ label, hint, error });
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <select id={id} value={value} disabled={disabled} aria-describedby={describedBy} aria-invalid={error ? true : undefined} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {choices.map((one) => (
          <option key={one.value} value={one.value} disabled={one.disabled}>{one.label}</option>
        ))}
      </select>
    </Frame>
  );
}

export function Checkbox({ label, hint, checked, onChange, disabled }: {
  label: ComponentChildren;
  hint?: ComponentChildren;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div class="checkbox">
      <input id={id} type="checkbox" checked={checked} disabled={disabled} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => onChange(event.currentTarget.checked)} />
      <label for={id}>{label}</label>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** A few choices side by side, one of them taken. */
export function Segmented<T extends string>({ label, value, choices, onChange }: {
  label: string;
  value: T;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
}) {
  const id = useId();
  return (
    <fieldset class="segmented">
      <legend class="visually-hidden">{label}</legend>
      {choices.map((one) => (
        <label key={one.value} class={one.value === value ? "chosen" : ""}>
          <input type="radio" name={id} class="visually-hidden" checked={one.value === value} disabled={one.disabled} onChange={() => onChange(one.value)} />
          {one.label}
        </label>
      ))}
    </fieldset>
  );
}
