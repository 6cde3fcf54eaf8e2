// swift-format-ignore-file
/// Archives by other programs, written by Tests/Tools/make-tar-goldens: a line for each block. `{xx}` is a byte,
/// `{*n}` are n NULs, NULs at the end of a block are left out.
enum GoldenArchives {
    static let bsdGNU = #"""
        caf{e9}{*96}0000644{00}0000000{00}0000000{00}00000000005{00}07236701562{00}006774{00} 0{*100}ustar {20}
        latin
        directory-directory-directory-directory-directory-directory-/{*39}0000755{00}0000000{00}0000000{00}00000000000{00}07236701562{00}022047{00} 5{*100}ustar {20}
        ././@LongLink{*87}0000000{00}0000000{00}0000000{00}00000000204{00}00000000000{00}011702{00} L{*100}ustar  {00}root{*28}wheel
        directory-directory-directory-directory-directory-directory-/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
        directory-directory-directory-directory-directory-directory-/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn0000644{00}0000000{00}0000000{00}00000000004{00}07236701562{00}032345{00} 0{*100}ustar {20}
        long
        file{*96}0004755{00}0000000{00}0000000{00}00000000005{00}07236701562{00}006620{00} 0{*100}ustar {20}
        hello
        hard{*96}0004755{00}0000000{00}0000000{00}00000000000{00}07236701562{00}007453{00} 1file{*96}ustar {20}
        ././@LongLink{*87}0000000{00}0000000{00}0000000{00}00000000215{00}00000000000{00}035214{00} Ktarget/target/target/target/target/target/target/target/target/target/target/target/target/target/taustar  {00}root{*28}wheel
        target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/
        longlink{*92}0000777{00}0000000{00}0000000{00}00000000000{00}07236701562{00}033024{00} 2target/target/target/target/target/target/target/target/target/target/target/target/target/target/taustar {20}


        """#

    static let bsdPAX = #"""
        PaxHeader/caf{e9}{*86}000644 {00}000000 {00}000000 {00}00000000173 07236701562 012233{00} x{*100}ustar{00}00{*64}000000 {00}000000{20}
        21 hdrcharset=BINARY{0a}13 path=caf{e9}{0a}30 ctime=1795265907.895087097{0a}30 atime=1795265907.914674026{0a}29 mtime=981173106.789012345{0a}
        caf{e9}{*96}000644 {00}000000 {00}000000 {00}00000000005 07236701562 010254{00} 0{*100}ustar{00}00{*64}000000 {00}000000{20}
        latin
        PaxHeader/directory-directory-directory-directory-directory-directory-{*30}000755 {00}000000 {00}000000 {00}00000000131 07236701562 025221{00} x{*100}ustar{00}00{*64}000000 {00}000000{20}
        30 ctime=1795265907.895087097{0a}30 atime=1795265907.907831395{0a}29 mtime=981173106.789012345{0a}
        directory-directory-directory-directory-directory-directory-/{*39}000755 {00}000000 {00}000000 {00}00000000000 07236701562 023327{00} 5{*100}ustar{00}00{*64}000000 {00}000000{20}
        PaxHeader/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn{*20}000644 {00}000000 {00}000000 {00}00000000131 07236701562 044242{00} x{*100}ustar{00}00{*64}000000 {00}000000 {00}directory-directory-directory-directory-directory-directory-
        30 ctime=1795265907.895087097{0a}30 atime=1795265907.910292687{0a}29 mtime=981173106.789012345{0a}
        nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn{*30}000644 {00}000000 {00}000000 {00}00000000004 07236701562 042270{00} 0{*100}ustar{00}00{*64}000000 {00}000000 {00}directory-directory-directory-directory-directory-directory-
        long
        PaxHeader/fifo{*86}000644 {00}000000 {00}000000 {00}00000000130 07236701562 012045{00} x{*100}ustar{00}00{*64}000000 {00}000000{20}
        30 ctime=1795265907.895087097{0a}29 atime=981173106.789012345{0a}29 mtime=981173106.789012345{0a}
        fifo{*96}000644 {00}000000 {00}000000 {00}00000000000 07236701562 010076{00} 6{*100}ustar{00}00{*64}000000 {00}000000{20}
        PaxHeader/file{*86}000755 {00}000000 {00}000000 {00}00000000434 07236701562 012053{00} x{*100}ustar{00}00{*64}000000 {00}000000{20}
        30 ctime=1795265907.895087097{0a}30 atime=1795265907.907831395{0a}29 mtime=981173106.789012345{0a}68 LIBARCHIVE.xattr.security.capability=AQAAAgAgAAAAAAAAAAAAAAAAAAA{0a}57 SCHILY.xattr.security.capability={01}{*2}{02}{00} {*14}{0a}38 LIBARCHIVE.xattr.user.note=dmFsdWU{0a}32 SCHILY.xattr.user.note=value{0a}
        file{*96}004755 {00}000000 {00}000000 {00}00000000005 07236701562 010100{00} 0{*100}ustar{00}00{*64}000000 {00}000000{20}
        hello
        PaxHeader/hard{*86}000755 {00}000000 {00}000000 {00}00000000434 07236701562 012052{00} x{*100}ustar{00}00{*64}000000 {00}000000{20}
        30 ctime=1795265907.895087097{0a}30 atime=1795265907.907831395{0a}29 mtime=981173106.789012345{0a}68 LIBARCHIVE.xattr.security.capability=AQAAAgAgAAAAAAAAAAAAAAAAAAA{0a}57 SCHILY.xattr.security.capability={01}{*2}{02}{00} {*14}{0a}38 LIBARCHIVE.xattr.user.note=dmFsdWU{0a}32 SCHILY.xattr.user.note=value{0a}
        hard{*96}004755 {00}000000 {00}000000 {00}00000000000 07236701562 010733{00} 1file{*96}ustar{00}00{*64}000000 {00}000000{20}
        PaxHeader/link{*86}000777 {00}001750 {00}000144 {00}00000000131 07236701562 012115{00} x{*100}ustar{00}00{*64}000000 {00}000000{20}
        30 ctime=1795265907.897584468{0a}30 atime=1795265907.907831395{0a}29 mtime=981173106.789012345{0a}
        link{*96}000777 {00}001750 {00}000144 {00}00000000000 07236701562 011001{00} 2file{*96}ustar{00}00{*64}000000 {00}000000{20}
        PaxHeader/longlink{*82}000777 {00}000000 {00}000000 {00}00000000363 07236701562 012756{00} x{*100}ustar{00}00{*64}000000 {00}000000{20}
        154 linkpath=target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/{0a}30 ctime=1795265907.895087097{0a}30 atime=1795265907.912984184{0a}29 mtime=981173106.789012345{0a}
        longlink{*92}000777 {00}000000 {00}000000 {00}00000000000 07236701562 013514{00} 2././@LongSymLink{*84}ustar{00}00{*64}000000 {00}000000{20}
        PaxHeader/null{*86}000644 {00}000000 {00}000000 {00}00000000130 07236701562 012074{00} x{*100}ustar{00}00{*64}000000 {00}000000{20}
        30 ctime=1795265907.895087097{0a}29 atime=981173106.789012345{0a}29 mtime=981173106.789012345{0a}
        null{*96}000644 {00}000000 {00}000000 {00}00000000000 07236701562 010126{00} 3{*100}ustar{00}00{*64}000001 {00}000003{20}
        PaxHeader/sparse{*84}000644 {00}000000 {00}000000 {00}00000000275 07236701562 012431{00} x{*100}ustar{00}00{*64}000000 {00}000000{20}
        30 ctime=1795265907.895087097{0a}30 atime=1795265907.912984184{0a}29 mtime=981173106.789012345{0a}22 GNU.sparse.major=1{0a}22 GNU.sparse.minor=0{0a}26 GNU.sparse.name=sparse{0a}30 GNU.sparse.realsize=102400{0a}
        GNUSparseFile.0/sparse{*78}000644 {00}000000 {00}000000 {00}00000021000 07236701562 013212{00} 0{*100}ustar{00}00{*64}000000 {00}000000{20}
        3{0a}0{0a}4096{0a}65536{0a}4096{0a}102400{0a}0{0a}
        abc







        xyz







        PaxHeader/sub{*87}000755 {00}777777 {00}777777 {00}00000000161 00000000000 011777{00} x{*100}ustar{00}00{*64}000000 {00}000000{20}
        15 gid=3000001{0a}15 uid=3000000{0a}30 ctime=1795265907.901584468{0a}30 atime=1795265907.910292687{0a}23 mtime=-315619200.25{0a}
        sub/{*96}000755 {00}133433001334330100000000000 {ff}{ff}{ff}{ff}{ff}{ff}{ff}{ed}0{08}{80} 013437{00} 5{*100}ustar{00}00{*64}000000 {00}000000{20}


        """#

    static let bsdUstar = #"""
        directory-directory-directory-directory-directory-directory-/{*39}000755 {00}000000 {00}000000 {00}00000000000 07236701562 023327{00} 5{*100}ustar{00}00{*64}000000 {00}000000{20}
        nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn{*30}000644 {00}000000 {00}000000 {00}00000000004 07236701562 042270{00} 0{*100}ustar{00}00{*64}000000 {00}000000 {00}directory-directory-directory-directory-directory-directory-
        long
        fifo{*96}000644 {00}000000 {00}000000 {00}00000000000 07236701562 010076{00} 6{*100}ustar{00}00{*64}000000 {00}000000{20}
        null{*96}000644 {00}000000 {00}000000 {00}00000000000 07236701562 010126{00} 3{*100}ustar{00}00{*64}000001 {00}000003{20}


        """#

    static let gnuGNU = #"""
        caf{e9}{*96}0000644{00}0000000{00}0000000{00}00000000005{00}07236701562{00}006774{00} 0{*100}ustar {20}
        latin
        directory-directory-directory-directory-directory-directory-/{*39}0000755{00}0000000{00}0000000{00}00000000000{00}07236701562{00}022047{00} 5{*100}ustar {20}
        ././@LongLink{*87}0000644{00}0000000{00}0000000{00}00000000204{00}00000000000{00}007767{00} L{*100}ustar {20}
        directory-directory-directory-directory-directory-directory-/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
        directory-directory-directory-directory-directory-directory-/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn0000644{00}0000000{00}0000000{00}00000000004{00}07236701562{00}032345{00} 0{*100}ustar {20}
        long
        fifo{*96}0000644{00}0000000{00}0000000{00}00000000000{00}07236701562{00}006616{00} 6{*100}ustar {20}
        file{*96}0004755{00}0000000{00}0000000{00}00000000005{00}07236701562{00}006620{00} 0{*100}ustar {20}
        hello
        hard{*96}0004755{00}0000000{00}0000000{00}00000000000{00}07236701562{00}007453{00} 1file{*96}ustar {20}
        link{*96}0000777{00}0001750{00}0000144{00}00000000000{00}07236701562{00}007521{00} 2file{*96}ustar {20}
        ././@LongLink{*87}0000644{00}0000000{00}0000000{00}00000000215{00}00000000000{00}007770{00} K{*100}ustar {20}
        target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/
        longlink{*92}0000777{00}0000000{00}0000000{00}00000000000{00}07236701562{00}033024{00} 2target/target/target/target/target/target/target/target/target/target/target/target/target/target/taustar {20}
        null{*96}0000644{00}0000000{00}0000000{00}00000000000{00}07236701562{00}010106{00} 3{*100}ustar  {*65}0000001{00}0000003
        sparse{*94}0000644{00}0000000{00}0000000{00}00000020000{00}07236701562{00}016423{00} S{*100}ustar  {*122}00000000000{00}00000010000{00}00000200000{00}00000010000{00}00000310000{00}00000000000{*26}00000310000
        abc







        xyz







        sub/{*96}0000755{00}{80}{*4}-{c6}{c0}{80}{*4}-{c6}{c1}00000000000{00}{ff}{ff}{ff}{ff}{ff}{ff}{ff}{ff}{ed}0{08}{80}013222{00} 5{*100}ustar {20}


        """#

    static let gnuOld = #"""
        sub/{*96}0000755{00}{80}{*4}-{c6}{c0}{80}{*4}-{c6}{c1}00000000000{00}{ff}{ff}{ff}{ff}{ff}{ff}{ff}{ff}{ed}0{08}{80}013222{00} 5{*100}ustar {20}
        sparse{*94}0000644{00}0000000{00}0000000{00}00000020000{00}07236701562{00}016423{00} S{*100}ustar  {*122}00000000000{00}00000010000{00}00000200000{00}00000010000{00}00000310000{00}00000000000{*26}00000310000
        abc







        xyz







        ././@LongLink{*87}0000644{00}0000000{00}0000000{00}00000000215{00}00000000000{00}007770{00} K{*100}ustar {20}
        target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/
        longlink{*92}0000777{00}0000000{00}0000000{00}00000000000{00}07236701562{00}033024{00} 2target/target/target/target/target/target/target/target/target/target/target/target/target/target/taustar {20}


        """#

    static let gnuPAX = #"""
        ./x/caf{e9}{*92}0000644{00}0000000{00}0000000{00}00000000052{00}07236701562{00}007552{00} x{*100}ustar{00}00
        13 path=caf{e9}{0a}29 mtime=981173106.789012345{0a}
        caf{e9}{*96}0000644{00}0000000{00}0000000{00}00000000005{00}07236701562{00}010274{00} 0{*100}ustar{00}00{*64}0000000{00}0000000
        latin
        ./x/directory-directory-directory-directory-directory-directory-{*36}0000644{00}0000000{00}0000000{00}00000000035{00}07236701562{00}022544{00} x{*100}ustar{00}00
        29 mtime=981173106.789012345{0a}
        directory-directory-directory-directory-directory-directory-/{*39}0000755{00}0000000{00}0000000{00}00000000000{00}07236701562{00}023347{00} 5{*100}ustar{00}00{*64}0000000{00}0000000
        directory-directory-directory-directory-directory-directory-/x/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn0000644{00}0000000{00}0000000{00}00000000252{00}07236701562{00}032435{00} x{*100}ustar{00}00
        141 path=directory-directory-directory-directory-directory-directory-/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn{0a}29 mtime=981173106.789012345{0a}
        directory-directory-directory-directory-directory-directory-/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn0000644{00}0000000{00}0000000{00}00000000004{00}07236701562{00}033645{00} 0{*100}ustar{00}00{*64}0000000{00}0000000
        long
        ./x/fifo{*92}0000644{00}0000000{00}0000000{00}00000000035{00}07236701562{00}007374{00} x{*100}ustar{00}00
        29 mtime=981173106.789012345{0a}
        fifo{*96}0000644{00}0000000{00}0000000{00}00000000000{00}07236701562{00}010116{00} 6{*100}ustar{00}00{*64}0000000{00}0000000
        ./x/file{*92}0000644{00}0000000{00}0000000{00}00000000166{00}07236701562{00}007375{00} x{*100}ustar{00}00
        29 mtime=981173106.789012345{0a}32 SCHILY.xattr.user.note=value{0a}57 SCHILY.xattr.security.capability={01}{*2}{02}{00} {*14}{0a}
        file{*96}0004755{00}0000000{00}0000000{00}00000000005{00}07236701562{00}010120{00} 0{*100}ustar{00}00{*64}0000000{00}0000000
        hello
        ./x/hard{*92}0000644{00}0000000{00}0000000{00}00000000035{00}07236701562{00}007367{00} x{*100}ustar{00}00
        29 mtime=981173106.789012345{0a}
        hard{*96}0004755{00}0000000{00}0000000{00}00000000000{00}07236701562{00}010753{00} 1file{*96}ustar{00}00{*64}0000000{00}0000000
        ./x/link{*92}0000644{00}0000000{00}0000000{00}00000000035{00}07236701562{00}007406{00} x{*100}ustar{00}00
        29 mtime=981173106.789012345{0a}
        link{*96}0000777{00}0001750{00}0000144{00}00000000000{00}07236701562{00}011021{00} 2file{*96}ustar{00}00{*64}0000000{00}0000000
        ./x/longlink{*88}0000644{00}0000000{00}0000000{00}00000000267{00}07236701562{00}010275{00} x{*100}ustar{00}00
        154 linkpath=target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/target/{0a}29 mtime=981173106.789012345{0a}
        longlink{*92}0000777{00}0000000{00}0000000{00}00000000000{00}07236701562{00}034324{00} 2target/target/target/target/target/target/target/target/target/target/target/target/target/target/taustar{00}00{*64}0000000{00}0000000
        ./x/null{*92}0000644{00}0000000{00}0000000{00}00000000035{00}07236701562{00}007423{00} x{*100}ustar{00}00
        29 mtime=981173106.789012345{0a}
        null{*96}0000644{00}0000000{00}0000000{00}00000000000{00}07236701562{00}010146{00} 3{*100}ustar{00}00{*64}0000001{00}0000003
        ./x/sparse{*90}0000644{00}0000000{00}0000000{00}00000000201{00}07236701562{00}007741{00} x{*100}ustar{00}00
        22 GNU.sparse.major=1{0a}22 GNU.sparse.minor=0{0a}26 GNU.sparse.name=sparse{0a}30 GNU.sparse.realsize=102400{0a}29 mtime=981173106.789012345{0a}
        ./GNUSparseFile.10450/sparse{*72}0000644{00}0000000{00}0000000{00}00000021000{00}07236701562{00}013701{00} 0{*100}ustar{00}00{*64}0000000{00}0000000
        3{0a}0{0a}4096{0a}65536{0a}4096{0a}102400{0a}0{0a}
        abc







        xyz







        ./x/sub{*93}0000644{00}0000000{00}0000000{00}00000000065{00}00000000000{00}007176{00} x{*100}ustar{00}00
        15 uid=3000000{0a}15 gid=3000001{0a}23 mtime=-315619199.75{0a}
        sub/{*96}0000755{00}0000000{00}0000000{00}00000000000{00}00000000000{00}007776{00} 5{*100}ustar{00}00{*64}0000000{00}0000000


        """#

    static let gnuSparse00 = #"""
        ./x/sparse{*90}0000644{00}0000000{00}0000000{00}00000000360{00}07236701562{00}007747{00} x{*100}ustar{00}00
        26 GNU.sparse.size=102400{0a}26 GNU.sparse.numblocks=3{0a}23 GNU.sparse.offset=0{0a}28 GNU.sparse.numbytes=4096{0a}27 GNU.sparse.offset=65536{0a}28 GNU.sparse.numbytes=4096{0a}28 GNU.sparse.offset=102400{0a}25 GNU.sparse.numbytes=0{0a}29 mtime=981173106.789012345{0a}
        sparse{*94}0000644{00}0000000{00}0000000{00}00000020000{00}07236701562{00}010464{00} 0{*100}ustar{00}00{*64}0000000{00}0000000
        abc







        xyz









        """#

    static let gnuSparse01 = #"""
        ./x/sparse{*90}0000644{00}0000000{00}0000000{00}00000000230{00}07236701562{00}007743{00} x{*100}ustar{00}00
        26 GNU.sparse.size=102400{0a}26 GNU.sparse.numblocks=3{0a}26 GNU.sparse.name=sparse{0a}45 GNU.sparse.map=0,4096,65536,4096,102400,0{0a}29 mtime=981173106.789012345{0a}
        ./GNUSparseFile.10452/sparse{*72}0000644{00}0000000{00}0000000{00}00000020000{00}07236701562{00}013702{00} 0{*100}ustar{00}00{*64}0000000{00}0000000
        abc







        xyz









        """#

    static let gnuUstar = #"""
        directory-directory-directory-directory-directory-directory-/{*39}0000755{00}0000000{00}0000000{00}00000000000{00}07236701562{00}023347{00} 5{*100}ustar{00}00{*64}0000000{00}0000000
        nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn{*30}0000644{00}0000000{00}0000000{00}00000000004{00}07236701562{00}042310{00} 0{*100}ustar{00}00{*64}0000000{00}0000000{00}directory-directory-directory-directory-directory-directory-
        long
        fifo{*96}0000644{00}0000000{00}0000000{00}00000000000{00}07236701562{00}010116{00} 6{*100}ustar{00}00{*64}0000000{00}0000000
        null{*96}0000644{00}0000000{00}0000000{00}00000000000{00}07236701562{00}010146{00} 3{*100}ustar{00}00{*64}0000001{00}0000003


        """#

    static let gnuV7 = #"""
        file{*96}0004755{00}0000000{00}0000000{00}00000000005{00}07236701562{00}006621{00} {*173}0000000{00}0000000
        hello
        hard{*96}0004755{00}0000000{00}0000000{00}00000000000{00}07236701562{00}007534{00} 1file{*168}0000000{00}0000000
        link{*96}0000777{00}0001750{00}0000144{00}00000000000{00}07236701562{00}007602{00} 2file{*168}0000000{00}0000000


        """#

    static let pythonGNU = #"""
        d/{*98}0001777{00}0000000{00}0000000{00}00000000000{00}07236701562{00}006204{00} 5{*100}ustar {20}
        ././@LongLink{*87}0000000{00}0000000{00}0000000{00}00000000173{00}00000000000{00}007756{00} L{*100}ustar {20}
        d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
        d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn0000644{00}{80}{*4}-{c6}{c0}0000000{00}00000000004{00}07236701562{00}033572{00} 0{*100}ustar {20}
        long
        d/caf{e9}{*94}0000644{00}0000000{00}0000000{00}00000000005{00}07236701562{00}007217{00} 0{*100}ustar {20}
        latin
        ././@LongLink{*87}0000000{00}0000000{00}0000000{00}00000000171{00}00000000000{00}007753{00} K{*100}ustar {20}
        tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt
        l{*99}0000644{00}0000000{00}0000000{00}00000000000{00}07236701562{00}034642{00} 2ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttustar {20}
        ././@LongLink{*87}0000000{00}0000000{00}0000000{00}00000000173{00}00000000000{00}007755{00} K{*100}ustar {20}
        d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
        d/h{*97}0000644{00}0000000{00}0000000{00}00000000000{00}07236701562{00}033617{00} 1d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnustar {20}
        past{*96}0000644{00}0000000{00}0000000{00}00000000000{00}{ff}{ff}{ff}{ff}{ff}{ff}{ff}{ff}{ff}{ff}{ff}{fb}013525{00} 0{*100}ustar {20}
        {c3}{a4}{*98}0000644{00}0000000{00}{80}{*3}{ff}{ff}{ff}{fe}00000000003{00}07236701562{00}010171{00} 0{*100}ustar {20}
        utf




        """#

    static let pythonPAX = #"""
        ././@PaxHeader{*86}0000000{00}0000000{00}0000000{00}00000000025{00}00000000000{00}010212{00} x{*100}ustar{00}00
        21 mtime=981173106.5{0a}
        d/{*98}0001777{00}0000000{00}0000000{00}00000000000{00}07236701562{00}006244{00} 5{*100}ustar{00}00
        ././@PaxHeader{*86}0000000{00}0000000{00}0000000{00}00000000250{00}00000000000{00}010212{00} x{*100}ustar{00}00
        132 path=d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn{0a}15 uid=3000000{0a}21 mtime=981173106.5{0a}
        d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn0000644{00}0000000{00}0000000{00}00000000004{00}07236701562{00}033267{00} 0{*100}ustar{00}00
        long
        ././@PaxHeader{*86}0000000{00}0000000{00}0000000{00}00000000071{00}00000000000{00}010213{00} x{*100}ustar{00}00
        21 hdrcharset=BINARY{0a}15 path=d/caf{e9}{0a}21 mtime=981173106.5{0a}
        d/caf?{*94}0000644{00}0000000{00}0000000{00}00000000005{00}07236701562{00}007005{00} 0{*100}ustar{00}00
        latin
        ././@PaxHeader{*86}0000000{00}0000000{00}0000000{00}00000000233{00}00000000000{00}010213{00} x{*100}ustar{00}00
        134 linkpath=tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt{0a}21 mtime=981173106.5{0a}
        l{*99}0000644{00}0000000{00}0000000{00}00000000000{00}07236701562{00}034702{00} 2ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttustar{00}00
        ././@PaxHeader{*86}0000000{00}0000000{00}0000000{00}00000000235{00}00000000000{00}010215{00} x{*100}ustar{00}00
        136 linkpath=d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn{0a}21 mtime=981173106.5{0a}
        d/h{*97}0000644{00}0000000{00}0000000{00}00000000000{00}07236701562{00}033657{00} 1d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnustar{00}00
        ././@PaxHeader{*86}0000000{00}0000000{00}0000000{00}00000000014{00}00000000000{00}010210{00} x{*100}ustar{00}00
        12 mtime=-5{0a}
        past{*96}0000644{00}0000000{00}0000000{00}00000000000{00}00000000000{00}006625{00} 0{*100}ustar{00}00
        ././@PaxHeader{*86}0000000{00}0000000{00}0000000{00}00000000062{00}00000000000{00}010213{00} x{*100}ustar{00}00
        11 path={c3}{a4}{0a}18 gid=4294967294{0a}21 mtime=981173106.5{0a}
        ?{*99}0000644{00}0000000{00}0000000{00}00000000003{00}07236701562{00}006106{00} 0{*100}ustar{00}00
        utf
















        """#

}
