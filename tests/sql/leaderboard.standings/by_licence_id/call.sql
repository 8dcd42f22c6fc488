FROM leaderboard.standings(suite := 's', licence := 'llama3')
