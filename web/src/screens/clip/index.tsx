/** Clip. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="Clip">{null}</Page>;
}
