"""``lianfang policy history``: a township decided day by day through several packs, and the page that shows it."""
