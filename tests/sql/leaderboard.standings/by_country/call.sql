FROM leaderboard.standings(suite := 's', origin := 'FR')
