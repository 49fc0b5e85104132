// How pages are looked at: themes, widths, and pictures of them where somebody asks for them.
import { mkdirSync } from "node:fs";

const shots = process.env.TILLRELAY_SCREENSHOTS;
if (shots) mkdirSync(shots, { recursive: true });

const desk = { width: 1280, height: 900 }, phone = { width: 390, height: 844 };
export const DESK = { name: "light, desk", colorScheme: "light", ...desk };
export const PHONE = { name: "dark, phone", colorScheme: "dark", ...phone };
// Both themes at both widths, and a wall.
export const LOOKS = [
  DESK,
  PHONE,
  { name: "dark, desk", colorScheme: "dark", ...desk },
  { name: "light, phone", colorScheme: "light", ...phone },
  { name: "light, wall", colorScheme: "light", width: 2560, height: 1440 },
];

export async function look(page, { colorScheme, width, height }) {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height });
}

export async function shot(page, name) {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
}
