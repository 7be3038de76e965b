using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace Rlhf.Preferences.Storage;

/// <summary>The table of segments.</summary>
internal static class Segments
{
    private const string Select =
        "SELECT id, run, step, length, observation_shape, encoding, observations, actions, states, poses FROM segments ";

    /// <summary>What goes into the row, packed outside the writer's thread. The segment's own observations are let go: frames are large.</summary>
    public sealed record Packed(Segment Segment, string Encoding, byte[] Observations, byte[] Actions, byte[] States, byte[] Poses, byte[] Hash)
    {
        public Packed OfRun(long run) => this with { Segment = Segment with { RunId = run } };
    }

    public static Packed Pack(Segment segment)
    {
        Validate(segment);
        byte[] observations = segment.IsPixels ? Blobs.PackFrames(segment.Observations) : Blobs.Pack(segment.Observations);
        byte[] actions = Blobs.Pack(segment.Actions);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(observations);
        hash.AppendData(actions);
        return new Packed(
            segment with { Observations = [] },
            segment.IsPixels ? Blobs.Frames : Blobs.Floats,
            observations,
            actions,
            Blobs.Pack(segment.States),
            Blobs.Pack(segment.Poses),
            hash.GetHashAndReset());
    }

    public static long Add(Database database, Packed packed, long now)
    {
        Segment segment = packed.Segment;
        if (database.Number("SELECT id FROM segments WHERE run = $0 AND hash = $1", segment.RunId, packed.Hash) is long known)
            return known;
        Runs.Require(database, segment.RunId);
        return database.Insert(
            """
            INSERT INTO segments (run, step, length, observation_shape, encoding, observations, actions, states, poses, hash, created)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            segment.RunId, segment.Step, segment.Length, string.Join(',', segment.ObservationShape), packed.Encoding,
            packed.Observations, packed.Actions, packed.States, packed.Poses, packed.Hash, now);
    }

    public static Segment? Find(Database database, long id) => database.First(Select + "WHERE id = $0", Read, id);

    private static void Validate(Segment segment)
    {
        if (segment.Length <= 0)
            throw new ArgumentException($"segment: length {segment.Length}, expected 1 or more");
        if (segment.ObservationShape.Count == 0 || segment.ObservationShape.Any(size => size <= 0))
            throw new ArgumentException($"segment: observation shape [{string.Join(", ", segment.ObservationShape)}], expected sizes above 0");
        long expected = (long)segment.Length * segment.ObservationLength;
        if (segment.Observations.Length != expected)
        {
            throw new ArgumentException(
                $"segment: {segment.Observations.Length} floats of observations, expected {segment.Length} × {segment.ObservationLength}");
        }

        Rows("actions", segment.Actions.Length, segment.Length, mayBeEmpty: false);
        Rows("states", segment.States.Length, segment.Length, mayBeEmpty: true);
        Rows("poses", segment.Poses.Length, segment.Length, mayBeEmpty: true);
    }

    private static void Rows(string what, int count, int length, bool mayBeEmpty)
    {
        if (count % length != 0 || (count == 0 && !mayBeEmpty))
            throw new ArgumentException($"segment: {count} numbers of {what}, expected a multiple of its length {length}");
    }

    private static Segment Read(SqliteDataReader row)
    {
        int length = row.GetInt32(3);
        int[] shape = Columns.Numbers(row.GetString(4));
        byte[] observations = row.Blob(6);
        return new Segment
        {
            Id = row.GetInt64(0),
            RunId = row.GetInt64(1),
            Step = row.GetInt64(2),
            Length = length,
            ObservationShape = shape,
            Observations = row.GetString(5) == Blobs.Frames
                ? Blobs.UnpackFrames(observations, shape.Aggregate(length, (product, size) => product * size))
                : Blobs.Unpack<float>(observations),
            Actions = Blobs.Unpack<float>(row.Blob(7)),
            States = Blobs.Unpack<double>(row.Blob(8)),
            Poses = Blobs.Unpack<float>(row.Blob(9)),
        };
    }
}
