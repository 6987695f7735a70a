/** Fields bound to an option: they read it, change it, and show what the API says about it. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Checkbox, Select, TextArea, TextField, type Choice } from "~/components/fields";
import { clock } from "~/i18n";
import { t } from "./messages";
import { errorAt, parseList, parseRanges, spellRanges, valueAt, withValue, type FieldErrors, type Options, type TimeRange } from "./options-model";

export interface OptionProps {
  options: Options;
  errors: FieldErrors;
  onChange: (options: Options) => void;
}

interface Bound extends OptionProps {
  path: string;
  label: string;
  hint?: string;
}

/** A number; empty is the default. `scale`: how many of the API's units one of the person's is. */
export function NumberOption({ options, errors, onChange, path, label, hint, scale = 1, placeholder, ...rest }: Bound & {
  scale?: number;
  placeholder?: string;
  min?: number;
  max?: number;
  step?: number | "any";
}) {
  const value = valueAt(options, path);
  const set = (text: string) => {
    const told = Number(text.replace(",", "."));
    onChange(withValue(options, path, text.trim() === "" || !Number.isFinite(told) ? undefined : Math.round(told * scale * 1000) / 1000));
  };
  return (
    <TextField
      type="number"
      inputMode="decimal"
      label={label}
      hint={hint}
      error={errorAt(errors, path)}
      value={typeof value === "number" ? String(value / scale) : ""}
      onInput={set}
      {...(placeholder ? { placeholder } : {})}
      {...rest}
    />
  );
}

export function TextOption({ options, errors, onChange, path, label, hint, rows, placeholder, maxLength }: Bound & { rows?: number; placeholder?: string; maxLength?: number }) {
  const shared = {
    label,
    hint,
    error: errorAt(errors, path),
    value: (valueAt(options, path) as string | undefined) ?? "",
    onInput: (text: string) => onChange(withValue(options, path, text === "" ? undefined : text)),
    ...(placeholder ? { placeholder } : {}),
    ...(maxLength ? { maxLength } : {}),
  };
  return rows ? <TextArea {...shared} rows={rows} /> : <TextField {...shared} />;
}

/** Words separated by commas. */
export function ListOption({ options, errors, onChange, path, label, hint, placeholder }: Bound & { placeholder?: string }) {
  const [text, setText] = useState(((valueAt(options, path) as string[] | undefined) ?? []).join(", "));
  const set = (next: string) => {
    setText(next);
    const list = parseList(next);
    onChange(withValue(options, path, list.length === 0 ? undefined : list));
  };
  return <TextField label={label} hint={hint} error={errorAt(errors, path)} value={text} onInput={set} {...(placeholder ? { placeholder } : {})} />;
}

export function RangesOption({ options, errors, onChange, path, label, hint }: Bound) {
  const [text, setText] = useState(spellRanges((valueAt(options, path) as TimeRange[] | undefined) ?? [], clock));
  const { wrong } = parseRanges(text);
  const set = (next: string) => {
    setText(next);
    const { ranges } = parseRanges(next);
    onChange(withValue(options, path, ranges.length === 0 ? undefined : ranges));
  };
  const error = wrong === null ? errorAt(errors, path) : t("wrongRange", { line: wrong });
  return <TextArea label={label} hint={hint} error={error} rows={3} value={text} placeholder="0:00 - 1:30" onInput={set} />;
}

export function ChoiceOption<T extends string>({ options, errors, onChange, path, label, hint, usual, choices }: Bound & { usual: T; choices: readonly Choice<T>[] }) {
  const value = (valueAt(options, path) as T | undefined) ?? usual;
  return (
    <Select label={label} hint={hint} error={errorAt(errors, path)} value={value} choices={choices} onChange={(next) => onChange(withValue(options, path, next === usual ? undefined : next))} />
  );
}

/** A switch; `usual` is what holds without it. */
export function SwitchOption({ options, onChange, path, label, hint, usual }: Omit<OptionProps, "errors"> & { path: string; label: string; hint?: string; usual: boolean }) {
  const value = (valueAt(options, path) as boolean | undefined) ?? usual;
  return <Checkbox label={label} hint={hint} checked={value} onChange={(next) => onChange(withValue(options, path, next === usual ? undefined : next))} />;
}

export function Group({ title, hint, children }: { title: string; hint?: string; children: ComponentChildren }) {
  return (
    <fieldset class="option-group">
      <legend>{title}</legend>
      {hint && <p class="hint">{hint}</p>}
      {children}
    </fieldset>
  );
}
