// A till's outbox: what was put in is on disk, and is sent until the store's server has it.
//   mcs -r:System.Runtime.Serialization Outbox.cs       Mono; also .NET Framework 4.5 and later
//   Outbox.exe put FOLDER FILE         keep a document; "-": each line of standard input is one
//   Outbox.exe run FOLDER [URL]        send what is there, and what comes, without end
//   Outbox.exe once FOLDER [URL]       the same until the folder is empty
// In a till: call new Outbox(folder).Put(bytes) before the receipt is printed; "run" is a process of
// its own. Documents are sent in the order in which they were put in. What the server cannot take
// lies in aside/ with its answer beside it, and lets the others pass: show it to a person.
// TILLRELAY_TOKEN is sent as a bearer token where it is set. Copy it, change it: Apache License 2.0.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Runtime.InteropServices;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading;

// Operations of the disk that the class library does not have: a rename that is on disk when it
// returns.
static class Disk
{
    public static readonly bool Windows = Path.DirectorySeparatorChar == '\\';

    [DllImport("libc", SetLastError = true)]
    static extern int open(string path, int flags);
    [DllImport("libc", SetLastError = true)]
    static extern int fsync(int handle);
    [DllImport("libc")]
    static extern int close(int handle);
    [DllImport("kernel32", SetLastError = true, CharSet = CharSet.Unicode)]
    static extern bool MoveFileEx(string from, string to, int flags);

    public static void WriteWhole(string path, byte[] body)
    {
        using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(body, 0, body.Length);
            file.Flush(true); // to the disk, not only to the system
        }
    }

    public static void Rename(string from, string to)
    {
        const int replace = 1, writeThrough = 8;
        if (!Windows) File.Move(from, to);
        else if (!MoveFileEx(from, to, replace | writeThrough)) throw Failed("rename", to);
        SyncFolder(Path.GetDirectoryName(to));
    }

    public static void SyncFolder(string folder)
    {
        if (Windows) return; // there the rename itself is written through
        int handle = open(folder, 0);
        if (handle < 0) throw Failed("open", folder);
        int result = fsync(handle);
        int error = Marshal.GetLastWin32Error();
        close(handle);
        if (result != 0) throw new IOException("fsync " + folder + ": error " + error);
    }

    static IOException Failed(string what, string path)
    {
        return new IOException(what + " " + path + ": error " + Marshal.GetLastWin32Error());
    }
}

public enum Verdict { Done, Aside, Again }

// What came back; Status 0: no answer, so nobody knows what became of the document.
public class Answer
{
    public int Status;
    public int? RetryAfter;
    public byte[] Body = new byte[0];
}

[DataContract]
public class Outcome
{
    [DataMember(Name = "outcome")] public string Word;
}

[DataContract]
public class Results
{
    [DataMember(Name = "results")] public List<Outcome> List;
}

// One folder. Put may be called by many processes, Deliver by one at a time.
public class Outbox
{
    const int MostWaitSeconds = 60;
    static int count;
    readonly string folder, aside;
    int wait;

    public Outbox(string path)
    {
        folder = Path.GetFullPath(path);
        aside = Path.Combine(folder, "aside");
        foreach (string each in new[] { folder, aside })
        {
            if (Directory.Exists(each)) continue;
            Directory.CreateDirectory(each);
            Disk.SyncFolder(Path.GetDirectoryName(each));
        }
    }

    // Returns when the document would survive a power cut; throws IOException when it would not.
    public string Put(byte[] body, string contentType = "application/json")
    {
        long ticks = DateTime.UtcNow.Ticks; // 100 ns; the names sort by it
        string name = string.Format("{0:D20}-{1}-{2:D6}.{3}", ticks, Process.GetCurrentProcess().Id,
                                    Interlocked.Increment(ref count), contentType.Replace('/', '~'));
        Write(folder, name, body);
        return name;
    }

    // The names of what is still to be sent, the oldest first.
    public List<string> Waiting()
    {
        return Directory.GetFiles(folder).Select(Path.GetFileName).Where(name => name[0] != '.')
            .OrderBy(name => name, StringComparer.Ordinal).ToList();
    }

    // Sends the oldest. Null: there is nothing; else the seconds to wait before the next.
    public int? Deliver(Func<byte[], string, Answer> send)
    {
        string name = Waiting().FirstOrDefault();
        if (name == null) return null;
        string path = Path.Combine(folder, name);
        byte[] body = File.ReadAllBytes(path);
        Answer answer = send(body, name.Substring(name.IndexOf('.') + 1).Replace('~', '/'));
        Verdict verdict = Judge(answer);
        if (verdict == Verdict.Again)
        {
            wait = Math.Min(MostWaitSeconds, wait == 0 ? 1 : wait * 2);
            return answer.RetryAfter ?? wait;
        }
        wait = 0;
        if (verdict == Verdict.Aside)
        {
            Write(aside, name, body);
            Write(aside, name + ".answer", answer.Body);
        }
        // Only now: a cut before this sends it again, and the server knows it.
        File.Delete(path);
        Disk.SyncFolder(folder);
        return 0;
    }

    // So that two processes do not send at once; held until this one ends.
    public FileStream Lock()
    {
        var file = new FileStream(Path.Combine(folder, ".lock"), FileMode.OpenOrCreate,
                                  FileAccess.ReadWrite, FileShare.ReadWrite);
        for (; ; Thread.Sleep(200))
        {
            try
            {
                file.Lock(0, 1);
                return file;
            }
            catch (IOException) { } // another process has it
        }
    }

    static void Write(string folder, string name, byte[] body)
    {
        // Under a name that is left alone, then renamed: what has its name is whole.
        string hidden = Path.Combine(folder, "." + name);
        string path = Path.Combine(folder, name);
        Disk.WriteWhole(hidden, body);
        if (!Disk.Windows && File.Exists(path)) File.Delete(path); // in aside/, from before a cut
        Disk.Rename(hidden, path);
    }

    // Done: it is on the server's disk. Aside: a person has to look. Again: nobody knows.
    public static Verdict Judge(Answer answer)
    {
        if (answer.Status == 200)
        {
            List<string> words = Words(answer.Body);
            if (words == null || words.Count == 0 || words.Contains(null) || words.Contains("refused"))
                return Verdict.Again; // something between answered, or there is no room yet
            return words.All(word => word == "stored" || word == "duplicate") ? Verdict.Done
                                                                              : Verdict.Aside;
        }
        int[] notAtFault = { 401, 403, 404, 408, 429 }; // a wrong token or address, or too early
        bool refused = answer.Status >= 400 && answer.Status < 500;
        return refused && !notAtFault.Contains(answer.Status) ? Verdict.Aside : Verdict.Again;
    }

    static List<string> Words(byte[] body)
    {
        try
        {
            var reader = new DataContractJsonSerializer(typeof(Results));
            var results = (Results)reader.ReadObject(new MemoryStream(body));
            return results.List == null ? null
                : results.List.Select(each => each == null ? null : each.Word).ToList();
        }
        catch (Exception)
        {
            return null; // whatever cannot be read is not the server's answer
        }
    }
}

static class Program
{
    static Func<byte[], string, Answer> Sender(string url)
    {
        string token = Environment.GetEnvironmentVariable("TILLRELAY_TOKEN");
        return (body, contentType) =>
        {
            var request = (HttpWebRequest)WebRequest.Create(url + "/v1/events");
            request.Method = "POST";
            request.ContentType = contentType;
            request.AllowAutoRedirect = false; // the token is for the store's server alone
            request.Timeout = request.ReadWriteTimeout = 30000;
            request.ServicePoint.Expect100Continue = false;
            if (!string.IsNullOrEmpty(token)) request.Headers["Authorization"] = "Bearer " + token;
            try
            {
                using (Stream stream = request.GetRequestStream()) stream.Write(body, 0, body.Length);
                using (var response = (HttpWebResponse)request.GetResponse()) return Read(response);
            }
            catch (WebException error) when (error.Response is HttpWebResponse)
            {
                try { using (var response = (HttpWebResponse)error.Response) return Read(response); }
                catch (Exception cut) when (cut is IOException || cut is WebException)
                {
                    return new Answer();
                }
            }
            catch (Exception error) when (error is WebException || error is IOException)
            {
                return new Answer();
            }
        };
    }

    static Answer Read(HttpWebResponse response)
    {
        var answer = new Answer { Status = (int)response.StatusCode };
        int seconds;
        if (int.TryParse(response.Headers["Retry-After"], out seconds) && seconds >= 0)
            answer.RetryAfter = Math.Max(1, Math.Min(60, seconds));
        using (Stream stream = response.GetResponseStream())
        using (var whole = new MemoryStream())
        {
            stream.CopyTo(whole);
            answer.Body = whole.ToArray();
        }
        bool cut = response.ContentLength >= 0 && answer.Body.Length != response.ContentLength;
        return cut ? new Answer() : answer;
    }

    static void PutLines(Outbox outbox)
    {
        // Bytes as they come: the console's own encoding would change them.
        var line = new MemoryStream();
        using (Stream input = new BufferedStream(Console.OpenStandardInput()))
            for (int next = 0; next >= 0;)
            {
                next = input.ReadByte();
                if (next >= 0 && next != '\n') line.WriteByte((byte)next);
                if (next != '\n' && (next >= 0 || line.Length == 0)) continue;
                Console.Out.WriteLine(outbox.Put(line.ToArray()));
                Console.Out.Flush();
                line.SetLength(0);
            }
    }

    static int Main(string[] args)
    {
        var outbox = new Outbox(args[1]);
        if (args[0] == "put" && args[2] == "-") PutLines(outbox);
        else if (args[0] == "put") Console.WriteLine(outbox.Put(File.ReadAllBytes(args[2])));
        if (args[0] == "put") return 0;
        var send = Sender(args.Length > 2 ? args[2] : "http://127.0.0.1:8470");
        using (outbox.Lock())
        {
            for (; ; )
            {
                int? seconds = outbox.Deliver(send);
                if (seconds == null && args[0] == "once") return 0;
                if (seconds != 0) Thread.Sleep(1000 * (seconds ?? 1));
            }
        }
    }
}
