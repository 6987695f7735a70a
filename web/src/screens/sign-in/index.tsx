/** The page of the sign-in. */
import { useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";
import { to } from "~/routes";
import { readSession } from "~/session/session";
import { SignInForm } from "./form";
import { t } from "./messages";

/** Where to go then: an address of this app only. */
function destination(back: string | undefined): string {
  return back?.startsWith(to()) ? back : to();
}

export default function SignIn() {
  const { query, route } = useLocation();
  useEffect(() => {
    document.title = `${t("title")} · Clipstream`;
  }, []);
  return (
    <div class="sign-in">
      <p class="brand"><img src="/web/mark.svg" alt="" width={28} height={28} /> Clipstream</p>
      <h1>{t("title")}</h1>
      <SignInForm onSignedIn={() => void readSession().then(() => route(destination(query["back"]), true))} />
    </div>
  );
}
