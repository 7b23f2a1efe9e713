"""What trading costs: commissions, and the estimate before money is lost to them."""
