// Tonight: the round, the team's buildings in the order of its route, how far it is, its tubes.

import { Work, nothing, tubeStrip } from "./work.js";

export default {
  name: "sampling", roles: ["sampler"], title: "field_sampling.title", icon: "test-pipe", lead: "field_sampling.lead",
  kinds: {
    "tube.opened": (item) => item.body.code,
    "tube.sealed": (item, core) => core.t("field_sampling.told.sealed", { code: item.body.tube, count: item.body.counted }),
    "tube.reopened": (item) => `${item.body.tube} · ${item.body.reason}`,
    "tube.voided": (item) => `${item.body.tube} · ${item.body.reason}`,
    "sample.taken": (item, core) => core.t("field_sampling.told.sample", { name: nameIn(item, core), code: item.body.tube, position: item.body.position }),
    "sample.voided": (item) => item.body.reason,
    "samples.moved": (item) => `${item.body.from} → ${item.body.to} · ${item.body.reason}`,
    "claim.made": (item, core) => `${nameIn(item, core)} · ${core.t(`field_sampling.claim.${item.body.claim}`)} · ${item.body.reason}`,
    "person.added": (item) => item.body.name,
  },

  async open(root, core) {
    const { h, t, icon } = core;
    const work = await Work.load(core);
    const draw = () => {
      const sheet = work.sheet;
      if (!sheet) { nothing(core, root, "field_sampling.no_package"); return; }
      if (!sheet.round) { noRound(core, root, sheet); return; }
      const route = sheet.route(), all = sheet.counts(route.flatMap((part) => part.units));
      core.fill(root, h("h1", {}, sheet.round.name, sheet.round.is_drill ? h("span", { class: "badge lf-tone-info" }, t("field_sampling.drill")) : null),
        sheet.rounds.length > 1 ? chips(sheet.rounds, sheet.round, (round) => work.choose({ round: round.id, team: null, tube: null }).then(draw)) : null,
        sheet.teams.length > 1 ? [h("p", { class: "f-fine" }, t(sheet.team ? "field_sampling.team" : "field_sampling.choose_team")),
          chips(sheet.teams, sheet.team, (team) => work.choose({ round: sheet.round.id, team: team.id }).then(draw))] : null,
        progress(core, all, true),
        h("h2", {}, t("field_sampling.route")),
        h("ul", { class: "f-list" }, route.map((part, place) => building(core, work, part, place + 1))),
        sheet.others().length ? h("details", { class: "f-more" }, h("summary", {}, t("field_sampling.other_buildings", { count: sheet.others().length })),
          h("ul", { class: "f-list" }, sheet.others().map((part) => building(core, work, part, null)))) : null,
        tubes(core, t("field_sampling.open_tubes"), sheet.openTubes(), work),
        tubes(core, t("field_sampling.sealed_tubes"), sheet.sealedTubes(), work),
        tubeStrip(work, { onDone: draw, showHome: (home) => core.go("sampling_building", { building: home.building || home.unit, home: home.id }) }));
    };
    const chips = (list, chosen, choose) => h("div", { class: "f-chips" }, list.map((one) =>
      h("button", { type: "button", class: `btn f-chip ${chosen && one.id === chosen.id ? "is-on" : ""}`, onclick: () => choose(one) }, one.name)));
    draw();
    core.onScan(async (text, how) => { await work.heard(text, how, { building: null, showHome: (home) => core.go("sampling_building", { building: home.building || home.unit, home: home.id }) }); draw(); });
    core.onChange(async (what) => { if (what === "items" || what === "packages") { await work.refresh(); draw(); } });
  },
  close() {},
};

function nameIn(item, core) {
  const found = core.packages.get("sampling");
  const person = found && (found.content.people || []).find((one) => one.id === item.body.person);
  if (person) return person.name;
  const added = item.body.client && core.items({ kind: "person.added" }).find((one) => one.id === item.body.client);
  return added ? added.body.name : `#${item.body.person || ""}`;
}

export function progress(core, sum, isLarge) {
  const { h, t } = core, share = sum.expected ? ((sum.sampled + sum.excused) / sum.expected) * 100 : 0;
  const bar = h("span", {});
  bar.style.width = `${share}%`;
  return h("div", { class: isLarge ? "card card-body" : "f-progress-line", dataset: { sampled: sum.sampled, expected: sum.expected, missing: sum.missing } },
    isLarge ? h("div", { class: "f-sums" },
      h("span", {}, h("b", { class: "f-big" }, String(sum.sampled)), h("small", {}, t("field_sampling.sum.sampled"))),
      h("span", {}, h("b", { class: "f-big" }, String(sum.missing)), h("small", {}, t("field_sampling.sum.missing"))),
      h("span", {}, h("b", { class: "f-big" }, String(sum.excused)), h("small", {}, t("field_sampling.sum.excused")))) : null,
    h("div", { class: "f-progress", role: "img", "aria-label": t("field_sampling.sum.words", { sampled: sum.sampled, expected: sum.expected }) }, bar));
}

function building(core, work, part, number) {
  const { h, t, icon } = core, sum = work.sheet.counts(part.units), isDone = sum.expected > 0 && !sum.missing;
  return h("li", {}, h("button", { type: "button", class: `f-row ${isDone ? "is-done" : ""}`, dataset: { building: part.building },
    onclick: () => core.go("sampling_building", { building: part.building, units: part.units }) },
    h("span", { class: "f-row-main" }, h("b", {}, number ? h("span", { class: "f-step" }, String(number)) : null, work.sheet.placeName(part.building)),
      h("span", { class: "f-fine" }, part.units.map((unit) => (unit === part.building ? null : (work.sheet.place(unit) || {}).name)).filter(Boolean).join(t("field_sampling.comma")))),
    h("span", { class: "f-row-side" }, isDone ? icon("circle-check") : null, h("b", {}, `${sum.sampled + sum.excused}/${sum.expected}`), icon("chevron-right")),
    progress(core, sum, false)));
}

function tubes(core, title, list, work) {
  if (!list.length) return null;
  const { h, icon } = core;
  return [h("h2", {}, title), h("ul", { class: "f-list" }, list.map((tube) => h("li", {}, h("button", { type: "button", class: "f-row", dataset: { tube: tube.code },
    onclick: () => core.go("sampling_tube", { code: tube.code }) },
    h("span", { class: "f-row-main" }, h("b", {}, tube.code), h("span", { class: "f-fine" }, work.sizeWords(tube))),
    h("span", { class: "f-row-side" }, tube.is_household ? String(tube.samples.length) : `${tube.samples.length}/${tube.capacity}`, icon("chevron-right"))))))];
}

function noRound(core, root, sheet) {
  const [next] = sheet.planned;
  nothing(core, root, next ? "field_sampling.planned" : "field_sampling.no_round");
  if (next) root.append(core.h("p", { class: "f-lead" }, `${next.name} · ${core.time(new Date(next.starts_at))}`));
}
