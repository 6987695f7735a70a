/** Register. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="Register">{null}</Page>;
}
