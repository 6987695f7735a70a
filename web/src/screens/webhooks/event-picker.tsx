/** Which messages an endpoint is sent: all, all of one beginning, or single kinds. */
import type { Schemas } from "~/api/client";
import { Checkbox } from "~/components/fields";
import { eventText, groupName, groupOf, takes, toggled } from "./endpoint";
import { t } from "./messages";

export function EventPicker({ types, value, error, onChange }: {
  types: Schemas["EventType"][];
  value: string[];
  error?: string | null;
  onChange: (value: string[]) => void;
}) {
  // A test goes to the endpoint that it is asked for, whatever the filter: it is no choice.
  const offered = types.filter((one) => one.type !== "webhook.test");
  const groups = [...new Set(offered.map((one) => groupOf(one.type)))];
  const everything = value.includes("*");
  return (
    <fieldset class="event-picker">
      <legend>{t("events")}</legend>
      <Checkbox label={t("allEvents")} checked={everything} onChange={(on) => onChange(toggled(value, "*", on))} />
      <div class="event-groups">
        {groups.map((group) => {
          const all = `${group}.*`;
          const whole = everything || value.includes(all);
          return (
            <fieldset key={group}>
              <legend>{groupName(group)}</legend>
              <Checkbox label={t("groupAll")} checked={whole} disabled={everything} onChange={(on) => onChange(toggled(value, all, on))} />
              {offered.filter((one) => groupOf(one.type) === group).map((one) => (
                <Checkbox
                  key={one.type}
                  label={one.type}
                  hint={eventText(one.type, one.description)}
                  checked={takes(value, one.type)}
                  disabled={whole}
                  onChange={(on) => onChange(toggled(value, one.type, on))}
                />
              ))}
            </fieldset>
          );
        })}
      </div>
      {error && <p class="error" role="alert">{error}</p>}
    </fieldset>
  );
}
