/** New password. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="New password">{null}</Page>;
}
