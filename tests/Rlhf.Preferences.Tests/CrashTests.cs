using System.Diagnostics;
using System.Globalization;
using Rlhf.Preferences.Storage;

namespace Rlhf.Preferences.Tests;

/// <summary>Processes that die at any moment lose nothing that they had acknowledged.</summary>
public sealed class CrashTests
{
    private const int Kills = 8;

    [Test]
    public void Store_KeepsWhatWasAcknowledged_WhenItsProcessesAreKilled()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        for (int i = 0; i < 200; i++)
            temporary.AddPair(run, i);
        Random random = new(4);
        HashSet<long> labels = [], undone = [], queries = [];
        for (int kill = 0; kill < Kills; kill++)
        {
            // Two at once, so that one dies in the other's way; this process has the file open as well.
            using Child first = new(temporary.Path, run, 2 * kill), second = new(temporary.Path, run, (2 * kill) + 1);
            first.ReadLines(random.Next(1, 40));
            second.ReadLines(random.Next(1, 10));
            foreach (string line in first.Kill().Concat(second.Kill()))
            {
                string[] words = line.Split(' ');
                long id = long.Parse(words[1], CultureInfo.InvariantCulture);
                Assert.That((words[0] switch { "label" => labels, "undone" => undone, _ => queries }).Add(id), $"twice: {line}");
            }
        }

        temporary.Close();
        Dictionary<long, Label> stored = temporary.Store.GetHistory(run, count: int.MaxValue).ToDictionary(label => label.Id);
        Assert.Multiple(() =>
        {
            Assert.That(labels, Has.Count.GreaterThan(Kills * 5));
            Assert.That(undone, Is.Not.Empty);
            Assert.That(labels.Except(stored.Keys), Is.Empty, "acknowledged, then lost");
            Assert.That(undone.Where(id => !stored[id].Retracted), Is.Empty, "undone, then back");
            Assert.That(queries.Select(temporary.Store.GetQuery), Is.All.Not.Null);
            Assert.That(Text(temporary.Store, "PRAGMA integrity_check"), Is.EqualTo(new[] { "ok" }));
            Assert.That(Text(temporary.Store, "PRAGMA foreign_key_check"), Is.Empty);
            Assert.That(Text(temporary.Store, Unbalanced), Is.Empty, "each query waits for what is missing, and for no more");
        });
    }

    // Queries whose answers that count and answers still wanted do not add up.
    private const string Unbalanced =
        $"""
        SELECT CAST(q.id AS TEXT) FROM queries q WHERE q.wanted <>
            (SELECT COUNT(*) FROM pending p WHERE p.query = q.id)
            + (SELECT COUNT(*) FROM answers a WHERE a.query = q.id AND {Answering.Valid})
        """;

    private static List<string> Text(PreferenceStore store, string sql) =>
        store.Read(database => database.Rows(sql, row => row.GetValue(0).ToString()!));

    private sealed class Child : IDisposable
    {
        private readonly Process _process;
        private readonly List<string> _lines = [];

        public Child(string path, long run, int number) => _process = ChildProgram.Start(
            "label", path, run.ToString(CultureInfo.InvariantCulture), number.ToString(CultureInfo.InvariantCulture));

        public void ReadLines(int count)
        {
            for (int i = 0; i < count; i++)
                _lines.Add(_process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the child ended by itself"));
        }

        /// <summary>SIGKILL; what it had said until then. A line that was cut is not one.</summary>
        public List<string> Kill()
        {
            _process.Kill();
            string rest = _process.StandardOutput.ReadToEnd();
            _lines.AddRange(rest[..(rest.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries));
            _process.WaitForExit();
            return _lines;
        }

        public void Dispose()
        {
            if (!_process.HasExited)
                _process.Kill();
            _process.Dispose();
        }
    }
}
