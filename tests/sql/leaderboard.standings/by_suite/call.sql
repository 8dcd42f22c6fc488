FROM leaderboard.standings(suite := 't')
