FROM leaderboard.standings(suite := 's', category := 'reasoning')
