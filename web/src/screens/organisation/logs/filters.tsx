/** Fields that both logs are filtered by. */
import { Select, TextField } from "~/components/fields";
import { useMembers, useServiceAccounts } from "../actors";
import { t } from "./messages";

export interface Window {
  actor: string;
  since: string;
  until: string;
}

/** The day after one, as `until` excludes what it names. */
export function dayAfter(day: string): string {
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}

/** What of a form goes to the API: empty fields do not. */
export function asked<T extends Record<string, string>>(fields: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value.trim() !== "").map(([name, value]) => [name, value.trim()])) as { [K in keyof T]?: string };
}

export function ActorSelect({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const members = useMembers().data?.items ?? [];
  const accounts = useServiceAccounts().data?.items ?? [];
  const choices = [
    { value: "", label: t("anyone") },
    ...members.map((one) => ({ value: `user:${one.user_id}`, label: one.name || one.email })),
    ...accounts.map((one) => ({ value: `service_account:${one.service_account_id}`, label: one.name })),
  ];
  return <Select label={t("actor")} value={value} choices={choices} onChange={onChange} />;
}

export function Days({ since, until, onChange }: { since: string; until: string; onChange: (days: { since?: string; until?: string }) => void }) {
  return (
    <>
      <TextField label={t("since")} type="date" value={since} max={until || undefined} onInput={(value) => onChange({ since: value })} />
      <TextField label={t("until")} type="date" value={until} min={since || undefined} onInput={(value) => onChange({ until: value })} />
    </>
  );
}
