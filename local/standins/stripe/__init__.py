"""A stand-in for Stripe that misbehaves as networks do, by a seed and a clock of its own."""
