"""Service points (服务导图): where counters, clinics and toilets are, and which of a kind is the nearest."""
