/** German for what the API says in English, by its codes, kinds and names: one part of the page, loaded where German is read. */
export { EVIDENCE, SHORTFALLS, UNITS } from "./evidence";
export { PRESET_NOTES } from "./presets";
export { PROBLEMS } from "./problems";
export { TEMPLATES } from "./templates";
