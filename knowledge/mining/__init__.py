"""What citizens asked and did not get answered, what is rising, and what in the base contradicts itself."""
