FROM leaderboard.standings(suite := 's', max_active_b := 8)
