FROM leaderboard.standings()
