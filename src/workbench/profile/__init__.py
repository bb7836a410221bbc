"""One customer or account from all sides, for the screen; never staged or published."""

from __future__ import annotations

from workbench.profile.customer import CustomerProfile, customer_profile

__all__ = ["CustomerProfile", "customer_profile"]
