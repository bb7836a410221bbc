"""What may leave a study: groups held to the rules, margins, twins, a register."""
