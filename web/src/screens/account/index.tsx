/** Your account. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="Your account">{null}</Page>;
}
