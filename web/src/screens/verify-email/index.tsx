/** Confirm your address. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="Confirm your address">{null}</Page>;
}
