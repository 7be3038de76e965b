using System.Security.Cryptography;
using System.Text;

namespace Rlhf.Preferences.Storage;

/// <summary>The table of prompts with responses.</summary>
internal static class Texts
{
    public static long Add(Database database, TextSample text, long now)
    {
        // Lengths first, so that no two triples have the same bytes.
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{text.Prompt.Length} {text.Response.Length} {text.Prompt}{text.Response}{text.Model}"));
        if (database.Number("SELECT id FROM texts WHERE run = $0 AND hash = $1", text.RunId, hash) is long known)
            return known;
        Runs.Require(database, text.RunId);
        return database.Insert(
            "INSERT INTO texts (run, prompt, response, model, hash, created) VALUES ($0, $1, $2, $3, $4, $5)",
            text.RunId, text.Prompt, text.Response, text.Model, hash, now);
    }

    public static TextSample? Find(Database database, long id) => database.First(
        "SELECT id, run, prompt, response, model FROM texts WHERE id = $0",
        row => new TextSample(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetString(4)),
        id);
}
