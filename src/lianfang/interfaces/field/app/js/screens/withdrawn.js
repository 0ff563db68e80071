// The community took the device back, or its time is over: nothing is left on it.

export default {
  name: "withdrawn", roles: [], title: "field_app.withdrawn.title", icon: "shield-x", isHidden: true, isRoot: true, lost: 0,

  async open(root, core) {
    const { h, t, icon } = core;
    core.fill(root, h("div", { class: "f-answer lf-tone-bad" }, icon("shield-x"), h("h1", {}, t("field_app.withdrawn.title")),
      h("p", {}, t("field_app.withdrawn.text")),
      this.lost ? h("p", {}, t("field_app.withdrawn.lost", { count: this.lost })) : null),
      h("button", { type: "button", class: "btn btn-block", onclick: () => core.go("enrol") }, t("field_app.withdrawn.again")));
  },
  close() {},
};
