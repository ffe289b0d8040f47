"""课程, 场次, 报名: course kinds, runs, seats and sign-ups, and the pictures that lead to them."""
