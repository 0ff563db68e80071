// Every screen of the app, in the order of the home page. A module's default export is
//   {name, roles, title, icon, open(root, core, params), close()}; ``roles``: [] = all; ``isHidden``: not on the home page.
//   Optional: lead (key of one line below the title), kinds {"sample.taken": (item, core) => "words"} for the waiting list.
// One that fails to load takes none of the others with it.

const MODULES = [
  "./sampling/team.js",
  "./sampling/building.js",
  "./sampling/tube.js",
  "./gate/gate.js",
  "./gate/last.js",
  "./gate/permits.js",
  "./gate/place.js",
  "./door/sweep.js",
  "./door/unit.js",
  "./door/room.js",
  "./courier/courier.js",
  "./screens/waiting.js",
  "./screens/settings.js",
];

export const screens = new Map();

export async function loadScreens() {
  const found = await Promise.allSettled(MODULES.map((path) => import(path)));
  for (const one of found)
    if (one.status === "fulfilled") screens.set(one.value.default.name, one.value.default);
    else console.error("a screen did not load", one.reason);
}

export const isFor = (screen, role) => !screen.roles.length || screen.roles.includes(role);
