/** Who is signed in, in which organisation, and what they may do there. */
import { computed, signal } from "@preact/signals";
import { api, call, refreshSession, whenSessionEnds, type Schemas } from "~/api/client";
import { forgetQueries } from "~/api/query";
import { asProblem, type ApiProblem } from "~/api/problem";

export type Permission = Schemas["Account"]["permissions"][number];

export interface Session {
  profile: Schemas["Profile"];
  /** Null: the person belongs to no organisation yet. */
  account: Schemas["Account"] | null;
  memberships: Schemas["PersonMembership"][];
}

export type SessionState =
  | { kind: "unknown" }
  | { kind: "signed-out" }
  | { kind: "unreachable"; problem: ApiProblem }
  | { kind: "signed-in"; session: Session };

export const sessionState = signal<SessionState>({ kind: "unknown" });
/** The session ended while the page was open: a dialog asks to sign in again, above what is on the screen. */
export const sessionEnded = signal(false);

/** Requests that were refused meanwhile; they are sent again once their person has signed in. */
let waiting: ((goesOn: boolean) => void)[] = [];
let isResuming = false;

export const session = computed(() => (sessionState.value.kind === "signed-in" ? sessionState.value.session : null));

export function may(permission: Permission): boolean {
  return session.value?.account?.permissions.includes(permission) ?? false;
}

async function readAccount(): Promise<Schemas["Account"] | null> {
  try {
    return await call(api.GET("/v1/me"));
  } catch (error) {
    if (asProblem(error).status === 403) return null;
    throw error;
  }
}

async function askSession(): Promise<SessionState> {
  try {
    const profile = await call(api.GET("/v1/account"));
    const [account, memberships] = await Promise.all([readAccount(), call(api.GET("/v1/account/memberships"))]);
    // The API answers also who belongs to no organisation any more, as an account without name and permissions.
    return { kind: "signed-in", session: { profile, account: memberships.items.length > 0 ? account : null, memberships: memberships.items } };
  } catch (error) {
    const problem = asProblem(error);
    return problem.status === 401 ? { kind: "signed-out" } : { kind: "unreachable", problem };
  }
}

function show(state: SessionState): void {
  if (state.kind === "signed-in") sessionEnded.value = false;
  sessionState.value = state;
}

/** Read the session of the cookies; without one the page is signed out. */
export async function readSession(): Promise<void> {
  show(await askSession());
}

export async function switchOrganisation(orgId: string): Promise<void> {
  if (!(await refreshSession(orgId))) return;
  await readSession();
  forgetQueries();
}

/**
 * Go on after a sign-in above a page that is open: in the organisation that it shows. Another person's page is read anew.
 */
export async function resumeSession(): Promise<void> {
  const before = session.value;
  isResuming = true;
  try {
    let now = await askSession();
    if (before && now.kind === "signed-in") {
      if (now.session.profile.user_id !== before.profile.user_id) return location.reload();
      const wanted = before.account?.org_id;
      const belongs = now.session.memberships.some((one) => one.org_id === wanted);
      // Shown only in the organisation of the page: another one would be another page.
      if (wanted && belongs && wanted !== now.session.account?.org_id && (await refreshSession(wanted))) now = await askSession();
    }
    show(now);
    if (!before || now.kind !== "signed-in") return settle(false);
    settle(true);
  } finally {
    isResuming = false;
  }
}

function settle(goesOn: boolean): void {
  const told = waiting;
  waiting = [];
  for (const one of told) one(goesOn);
}

/** Whether somebody has signed in meanwhile, in another tab; asks without ending what is on the screen. */
export async function hasSession(): Promise<boolean> {
  const answer = await fetch("/v1/account", { headers: { Accept: "application/json" } }).catch(() => null);
  return answer?.ok ?? false;
}

export async function signOut(): Promise<void> {
  await call(api.POST("/v1/auth/logout")).catch(() => undefined);
  sessionState.value = { kind: "signed-out" };
  forgetQueries();
}

whenSessionEnds(async () => {
  if (sessionState.value.kind !== "signed-in" || isResuming) return false;
  sessionEnded.value = true;
  return new Promise<boolean>((resolve) => waiting.push(resolve));
});
