/** What came of a sign-in with a provider, which leads back to the app with it behind `#`. */
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { to } from "~/routes";
import { arrival } from "~/session/fragment";
import { sessionState } from "~/session/session";
import { tell } from "~/state/toasts";
import { takeBack } from "./destination";
import { t } from "./messages";
import type { Challenge } from "./second-factor";

export type Returned = { kind: "second-factor"; challenge: Challenge } | { kind: "refused"; provider: string; code: string };

/** What the screen of the sign-in, or that of the linked identities, shows next. */
export const returned = signal<Returned | null>(null);

const REFUSALS: Record<string, "accountExists" | "providerForbidden" | "providerFailed" | "signInRefused"> = {
  "account-exists": "accountExists",
  forbidden: "providerForbidden",
  "provider-failed": "providerFailed",
  "sign-in-refused": "signInRefused",
};

export function refusalText(code: string): string {
  const known = REFUSALS[code];
  return known ? t(known) : t("otherRefusal", { code });
}

/** Reads what a provider's answer says; null: the address carries none. */
export function readReturn(found: URLSearchParams): Returned | { kind: "signed-in" } | { kind: "linked"; provider: string } | null {
  const provider = found.get("provider") ?? "";
  const error = found.get("error");
  if (error) return { kind: "refused", provider, code: error };
  switch (found.get("state")) {
    case "signed_in":
      return { kind: "signed-in" };
    case "linked":
      return { kind: "linked", provider };
    case "second_factor": {
      const factors = (found.get("factors") ?? "").split(/[ ,]+/).filter(Boolean) as Challenge["factors"];
      return { kind: "second-factor", challenge: { challenge: found.get("challenge") ?? "", factors } };
    }
    default:
      return null;
  }
}

/** Leads to the screen that goes on with a provider's answer, once it is known who is signed in. */
export function useProviderReturn(): void {
  const { route } = useLocation();
  const found = arrival.value;
  const { kind } = sessionState.value;
  useEffect(() => {
    const answer = found && readReturn(found);
    if (!answer || kind === "unknown" || kind === "unreachable") return;
    arrival.value = null;
    if (answer.kind === "signed-in") route(takeBack(), true);
    else if (answer.kind === "linked") {
      tell(t("linked", { name: answer.provider || t("someProvider") }));
      route(to("account", "security"), true);
    } else {
      returned.value = answer;
      route(kind === "signed-in" ? to("account", "security") : to("sign-in"), true);
    }
  }, [found, kind, route]);
}
