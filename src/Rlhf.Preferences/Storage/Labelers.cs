using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Rlhf.Preferences.Storage;

/// <summary>The tables of labelers and revocations.</summary>
internal static class Labelers
{
    private const int TokenBytes = 32;

    private const string Select =
        "SELECT l.id, l.name, l.kind, l.token_hash IS NOT NULL, l.invited, r.at FROM labelers l LEFT JOIN revocations r ON r.labeler = l.id ";

    public static string NewToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));

    public static Labeler Add(Database database, string name, LabelerKind kind, string? token, long now)
    {
        if (string.IsNullOrWhiteSpace(name))
            throw new ArgumentException("labeler: the name is empty");
        if (database.Any("SELECT 1 FROM labelers WHERE name = $0", name))
            throw new ArgumentException($"labeler '{name}': the store has one of this name");
        long id = database.Insert(
            "INSERT INTO labelers (name, kind, token_hash, invited) VALUES ($0, $1, $2, $3)",
            name, kind.ToString(), token is null ? null : Hash(token), now);
        return Find(database, id)!;
    }

    public static Labeler? Find(Database database, long id) => database.First(Select + "WHERE l.id = $0", Read, id);

    public static Labeler? Named(Database database, string name) => database.First(Select + "WHERE l.name = $0", Read, name);

    public static Labeler? WithToken(Database database, string token) =>
        database.First(Select + "WHERE l.token_hash = $0 AND r.at IS NULL", Read, Hash(token));

    public static IReadOnlyList<Labeler> All(Database database) => database.Rows(Select + "ORDER BY l.id", Read);

    public static bool Revoke(Database database, long id, long now)
    {
        if (Find(database, id) is not { Revoked: null })
            return false;
        database.Execute("INSERT INTO revocations (labeler, at) VALUES ($0, $1)", id, now);
        database.Execute("UPDATE pending SET shown = NULL, labeler = NULL, locked_until = 0 WHERE labeler = $0", id);
        return true;
    }

    /// <summary>Whether they may be shown queries and answer them.</summary>
    public static bool IsActive(Database database, long id) => database.Any(
        "SELECT 1 FROM labelers l WHERE l.id = $0 AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.labeler = l.id)", id);

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static Labeler Read(SqliteDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.Named<LabelerKind>(2), row.GetBoolean(3), row.Time(4), row.IsDBNull(5) ? null : row.Time(5));
}
