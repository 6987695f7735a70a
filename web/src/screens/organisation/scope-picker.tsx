/** Chooses scopes: the three that stand for several permissions, or single ones. */
import { Checkbox } from "~/components/fields";
import { may, type Permission } from "~/session/session";
import { t } from "./messages";
import { BUNDLES, scopeText, type Scope } from "./permissions";

export function ScopePicker({ value, onChange, permissions, bundles = BUNDLES, error }: {
  value: readonly Scope[];
  onChange: (value: Scope[]) => void;
  permissions: readonly Permission[];
  bundles?: readonly Scope[];
  error?: string | undefined;
}) {
  const toggle = (scope: Scope, on: boolean) => onChange(on ? [...value, scope] : value.filter((one) => one !== scope));
  const box = (scope: Scope) => (
    <Checkbox key={scope} label={<code>{scope}</code>} hint={scopeText(scope)} checked={value.includes(scope)} onChange={(on) => toggle(scope, on)} />
  );
  const singles = permissions.filter(may); // nobody gives what they lack
  const chosen = singles.filter((one) => value.includes(one)).length;
  return (
    <fieldset class="scopes">
      <legend>{t("scopes")}</legend>
      {bundles.map(box)}
      <details open={chosen > 0}>
        <summary>{t("singlePermissions", { count: chosen })}</summary>
        <div class="scope-grid">{singles.map(box)}</div>
      </details>
      {error && <p class="error" role="alert">{error}</p>}
    </fieldset>
  );
}
