SELECT id FROM strategies WHERE name = %(name)s
