/** When a key ends: in some days, on a day, or never. */
import { useState } from "preact/hooks";
import { Select, TextField } from "~/components/fields";
import { t } from "./messages";

export type Expiry = { kind: "never" } | { kind: "days"; days: number } | { kind: "date"; day: string };

const DAYS = [30, 90, 365];

/** The end as the API takes it; a day lasts to its end, as the person's clock has it. */
export function endOf(expiry: Expiry, now: Date = new Date()): string | null {
  if (expiry.kind === "never") return null;
  if (expiry.kind === "days") return new Date(now.getTime() + expiry.days * 86_400_000).toISOString();
  return expiry.day ? new Date(`${expiry.day}T23:59:59`).toISOString() : null;
}

/** What a key's end is in the terms of the field. */
export function expiryOf(end: string | null): Expiry {
  if (!end) return { kind: "never" };
  const at = new Date(end);
  const two = (value: number) => String(value).padStart(2, "0");
  return { kind: "date", day: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}` };
}

export function ExpiryField({ value, onChange, error }: { value: Expiry; onChange: (value: Expiry) => void; error?: string | undefined }) {
  const [chosen, setChosen] = useState(value.kind === "days" ? String(value.days) : value.kind);
  const choose = (next: string) => {
    setChosen(next);
    if (next === "never") onChange({ kind: "never" });
    else if (next === "date") onChange({ kind: "date", day: "" });
    else onChange({ kind: "days", days: Number(next) });
  };
  const choices = [
    ...DAYS.map((days) => ({ value: String(days), label: t("days", { count: days }) })),
    { value: "date", label: t("onDate") },
    { value: "never", label: t("never") },
  ];
  return (
    <>
      <Select label={t("expires")} value={chosen} choices={choices} onChange={choose} error={value.kind === "date" ? undefined : error} />
      {value.kind === "date" && <TextField label={t("endDate")} type="date" value={value.day} onInput={(day) => onChange({ kind: "date", day })} error={error} required />}
    </>
  );
}
