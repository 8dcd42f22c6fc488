FROM leaderboard.standings(origin := 'FR+US')
