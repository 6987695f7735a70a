/** The whole app: who is signed in decides what is shown; a screen that breaks breaks alone. */
import { useEffect } from "preact/hooks";
import { ErrorBoundary, LocationProvider, Route, Router, useLocation } from "preact-iso";
import { Dialog } from "~/components/dialog";
import { LinkButton } from "~/components/button";
import { Empty, Loading, ProblemNotice } from "~/components/states";
import { Page } from "~/components/page";
import { Toasts } from "~/components/toasts";
import { common } from "~/i18n/common";
import { BASE, FORWARDED, ROUTES, to } from "~/routes";
import { hasSession, readSession, resumeSession, session, sessionEnded, sessionState } from "~/session/session";
import { SignInForm } from "~/screens/sign-in/form";
import { useProviderReturn } from "~/screens/sign-in/returned";
import { Shell } from "~/shell/shell";
import { t } from "~/shell/messages";

function NotFound() {
  return (
    <Page title={common("notFound")}>
      <Empty icon="search" title={common("notFound")}>
        <p>{common("notFoundText")}</p>
        <LinkButton kind="primary" href={to()}>{common("home")}</LinkButton>
      </Empty>
    </Page>
  );
}

function Screens() {
  const { path, route, url } = useLocation();
  useProviderReturn();
  const known = ROUTES.find((one) => BASE + one.path === path || matches(one.path, path));
  const isPublic = known?.public ?? false;
  const forward = FORWARDED[path.slice(BASE.length)];
  const state = sessionState.value;
  useEffect(() => {
    if (forward) route(to(...forward), true);
  }, [forward, route]);
  useEffect(() => {
    if (state.kind === "signed-out" && !isPublic && !forward) {
      const back = url === to() ? "" : `?back=${encodeURIComponent(url)}`;
      route(to("sign-in") + back, true);
    }
  }, [state.kind, isPublic, forward, url, route]);

  if (!isPublic && state.kind === "unreachable") {
    return <main class="bare"><h1>{t("unreachable")}</h1><ProblemNotice problem={state.problem} onRetry={() => void readSession()} /></main>;
  }
  if (forward || (!isPublic && state.kind !== "signed-in")) return <Loading />;
  // Another organisation is another page: nothing that a screen has read, or listens to, is kept.
  const content = (
    <ErrorBoundary key={isPublic ? "public" : session.value?.account?.org_id} onError={(error) => console.error(error)}>
      <Router onRouteChange={takeLostFocus}>
        {[
          ...ROUTES.map((one) => <Route key={one.path} path={BASE + one.path} component={one.screen} />),
          <Route key="*" default component={NotFound} />,
        ]}
      </Router>
    </ErrorBoundary>
  );
  if (known?.bare) return <main class="bare" id="content">{content}</main>;
  if (session.value && !session.value.account && !isPublic && !path.startsWith(to("account"))) {
    return (
      <Shell>
        <Page title={t("noOrganisation")}><p>{t("noOrganisationText")}</p></Page>
      </Shell>
    );
  }
  return <Shell>{content}</Shell>;
}

/** What had the focus went with its screen: the keys, and who hears the page, go on in the new one. */
function takeLostFocus(): void {
  if (document.activeElement === document.body) document.getElementById("content")?.focus({ preventScroll: true });
}

/** Whether a path is one of a pattern such as `/projects/:id`. */
function matches(pattern: string, path: string): boolean {
  const wanted = (BASE + pattern).split("/");
  const parts = path.split("/");
  return wanted.length === parts.length && wanted.every((part, at) => part.startsWith(":") || part === parts[at]);
}

function SessionEnded() {
  const ended = sessionEnded.value;
  useEffect(() => {
    if (!ended) return undefined;
    const look = () => void hasSession().then((has) => (has ? resumeSession() : undefined));
    addEventListener("focus", look);
    return () => removeEventListener("focus", look);
  }, [ended]);
  if (!ended) return null;
  return (
    <Dialog title={t("ended")} onClose={() => {}} firm>
      <p>{t("endedText")}</p>
      <SignInForm above email={session.value?.profile.email} onSignedIn={resumeSession} />
    </Dialog>
  );
}

export function App() {
  useEffect(() => void readSession(), []);
  return (
    <LocationProvider scope={BASE}>
      <Screens />
      <SessionEnded />
      <Toasts />
    </LocationProvider>
  );
}
