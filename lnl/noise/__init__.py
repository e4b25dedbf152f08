"""Label noise: keys (`keys`), transition matrices (`transition`), draws (`draw`), verified labels (`manifest`)."""
