// First: codes behind # leave the address before anything else runs.
import "./session/fragment";
import { render } from "preact";
import { App } from "./app";
import { followPreferences } from "./state/preferences";
import "./styles/index.css";

followPreferences();
render(<App />, document.getElementById("app")!);
